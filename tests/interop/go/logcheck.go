// Command logcheck audits one mirrored log with golang.org/x/mod/sumdb, which knows nothing of Countersign.
//
//	logcheck VKEY BASEDIR
//
// It opens BASEDIR/checkpoint by the verifier key, rebuilds the tree from the entry bundles, compares its root with the checkpoint's and every hash tile with
// the tree's, and proves records included through the tiles alone: all of them, or an even sample of 2,000. One line on standard output; exit 0 or 1.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	sample = 2000
)

// dir reads the tiles of a C2SP tlog-tiles folder for tlog, whose own paths name the tile height and call entries "data".
type dir string

func (d dir) read(t tlog.Tile) ([]byte, error) {
	path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
	path = strings.Replace(path, "tile/data/", "tile/entries/", 1)
	return os.ReadFile(filepath.Join(string(d), path))
}

func (d dir) Height() int                         { return height }
func (d dir) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (d dir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if data[i], err = d.read(t); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// checkpoint opens a signed note by the key and reads C2SP tlog-checkpoint's three lines.
func checkpoint(vkey string, msg []byte) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("checkpoint of %q under the key of %q", lines[0], verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("root %q is not a hash", lines[2])
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

// tilesOf lists the tiles of a level that a tree of the given size has, each at its full width.
func tilesOf(level int, size int64) (tiles []tlog.Tile) {
	width := size
	for l := 0; l < level; l++ {
		width >>= height
	}
	for n := int64(0); n<<height < width; n++ {
		w := width - n<<height
		if w > 1<<height {
			w = 1 << height
		}
		tiles = append(tiles, tlog.Tile{H: height, L: level, N: n, W: int(w)})
	}
	return tiles
}

// records reads all entries out of their bundles.
func records(d dir, size int64) (out [][]byte, err error) {
	for _, t := range tilesOf(0, size) {
		t.L = -1
		data, err := d.read(t)
		if err != nil {
			return nil, err
		}
		for i := 0; i < t.W; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s: cut short", t.Path())
			}
			n := int(binary.BigEndian.Uint16(data))
			out = append(out, data[2:2+n])
			data = data[2+n:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s: more than its entries", t.Path())
		}
	}
	return out, nil
}

// rebuild hashes the records into a tree of their own.
func rebuild(recs [][]byte) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, rec := range recs {
		hashes, err := tlog.StoredHashes(int64(i), rec, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	return reader, nil
}

// compareTiles holds every hash tile against the rebuilt tree.
func compareTiles(d dir, size int64, own tlog.HashReader) (n int, err error) {
	for level := 0; ; level++ {
		tiles := tilesOf(level, size)
		if len(tiles) == 0 {
			return n, nil
		}
		for _, t := range tiles {
			want, err := tlog.ReadTileData(t, own)
			if err != nil {
				return n, err
			}
			got, err := d.read(t)
			if err != nil {
				return n, err
			}
			if !bytes.Equal(got, want) {
				return n, fmt.Errorf("%s is not the tree's", t.Path())
			}
			n++
		}
	}
}

// proveRecords proves records included by what the tiles say, with the checkpoint as the only anchor.
func proveRecords(d dir, tree tlog.Tree, recs [][]byte) (n int, err error) {
	step := (tree.N + sample - 1) / sample
	if step == 0 {
		step = 1
	}
	reader := tlog.TileHashReader(tree, d)
	for i := int64(0); i < tree.N; i += step {
		proof, err := tlog.ProveRecord(tree.N, i, reader)
		if err != nil {
			return n, fmt.Errorf("record %d: %v", i, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(recs[i])); err != nil {
			return n, fmt.Errorf("record %d: %v", i, err)
		}
		n++
	}
	return n, nil
}

func check(vkey, base string) (string, error) {
	d := dir(base)
	msg, err := os.ReadFile(filepath.Join(base, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := checkpoint(vkey, msg)
	if err != nil {
		return "", err
	}
	recs, err := records(d, tree.N)
	if err != nil {
		return "", err
	}
	own, err := rebuild(recs)
	if err != nil {
		return "", err
	}
	root := tlog.Hash(sha256.Sum256(nil)) // of the empty tree: older versions of tlog do not know it
	if tree.N > 0 {
		if root, err = tlog.TreeHash(tree.N, own); err != nil {
			return "", err
		}
	}
	if root != tree.Hash {
		return "", fmt.Errorf("the entries' root is %v, the checkpoint says %v", root, tree.Hash)
	}
	tiles, err := compareTiles(d, tree.N, own)
	if err != nil {
		return "", err
	}
	proved, err := proveRecords(d, tree, recs)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("size %d root %v, %d tiles, %d records proved", tree.N, tree.Hash, tiles, proved), nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Println("usage: logcheck VKEY BASEDIR")
		os.Exit(1)
	}
	line, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println("FAIL:", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Println("OK:", line)
}
