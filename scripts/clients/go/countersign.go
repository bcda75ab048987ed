// Package main reports leads to Countersign by signed postbacks, keeps the receipts, and verifies webhooks. Go 1.19 or later,
// nothing else: take Client and Verify into a package of your own.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const window = 300 * time.Second

var pauses = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

func sign(secret, ident, timestamp string, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(ident + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Client sends as the owner of a kid and its secret. Receipts is a file, to which a line is appended for each answer.
type Client struct{ URL, Kid, Secret, Receipts string }

// Refused is a 4xx: to send the same again would be refused again.
type Refused struct{ Why string }

func (r Refused) Error() string { return r.Why }

// Send answers once the receipt is on the disk. The very same bytes go again where it is unknown whether they arrived: they count once.
func (c Client) Send(fields map[string]string) (map[string]any, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 18)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	ident := "msg_" + base64.RawURLEncoding.EncodeToString(random)
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	signature, err := sign(c.Secret, ident, timestamp, body)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{"Content-Type": "application/json", "webhook-id": ident, "webhook-timestamp": timestamp, "webhook-signature": signature}
	said, err := c.deliver(body, headers)
	for _, pause := range pauses {
		if err == nil || errors.As(err, &Refused{}) {
			break
		}
		time.Sleep(pause)
		said, err = c.deliver(body, headers)
	}
	if err != nil {
		return nil, err
	}
	kept := map[string]any{"request": ident + "." + timestamp + "." + string(body)}
	for name, value := range said {
		kept[name] = value
	}
	return said, c.keep(kept)
}

func (c Client) deliver(body []byte, headers map[string]string) (map[string]any, error) {
	request, err := http.NewRequest("POST", strings.TrimRight(c.URL, "/")+"/postback/"+c.Kid, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := (&http.Client{Timeout: 15 * time.Second}).Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 400 && answer.StatusCode < 500 && answer.StatusCode != 429 {
		return nil, Refused{string(text)}
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("answered %d: %s", answer.StatusCode, text)
	}
	var said map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return said, decoder.Decode(&said)
}

func (c Client) keep(receipt map[string]any) error {
	line, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Receipts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// Verify answers what a delivery says, if it is the server's own, whole and fresh. body: the bytes as they came.
func Verify(secret string, headers http.Header, body []byte, now time.Time) (map[string]any, error) {
	ident, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); ident == "" || err != nil || age > window || age < -window {
		return nil, errors.New("no webhook of the last five minutes")
	}
	wanted, err := sign(secret, ident, timestamp, body)
	if err != nil {
		return nil, err
	}
	for _, one := range strings.Split(headers.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(one), []byte(wanted)) {
			var event map[string]any
			return event, json.Unmarshal(body, &event)
		}
	}
	return nil, errors.New("the signature does not hold")
}

func run(arguments []string) error {
	secret := os.Getenv("COUNTERSIGN_SECRET")
	if arguments[0] == "send" {
		fields := map[string]string{}
		for _, pair := range arguments[4:] {
			name, value, _ := strings.Cut(pair, "=")
			fields[name] = value
		}
		said, err := Client{arguments[1], arguments[2], secret, arguments[3]}.Send(fields)
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(said)
		}
		return err
	}
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	headers := http.Header{}
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		headers.Set(name, os.Getenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_"))))
	}
	event, err := Verify(secret, headers, body, time.Now())
	if err == nil {
		fmt.Println(event["type"])
	}
	return err
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
