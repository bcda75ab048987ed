"""Makes a page of ours one file: inline.py PAGE.html TO, at build time. `{style}` and `{script}` become PAGE.css and PAGE.js, and `{csp}`
a policy under which these run and nothing else, and nothing is fetched or sent. TO.csp has the policy as a C string."""

import base64
import hashlib
import sys
from pathlib import Path


def write(path, text):
    """A file that is as it was is left alone: what is built of it stays."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main(page, to):
    style, script = (Path(page).with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".css", ".js"))
    if "</script" in script or "</style" in style:
        sys.exit(f"{page}: its script or style would end early")
    script_hash, style_hash = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style))
    policy = f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; img-src data:; base-uri 'none'; form-action 'none'"
    text = Path(page).read_text(encoding="utf-8")
    for name, value in (("csp", policy), ("style", style), ("script", script)):
        head, mark, tail = text.partition("{" + name + "}")
        if not mark:
            sys.exit(f"{page}: no {{{name}}}")
        text = head + value + tail
    write(Path(to), text)
    write(Path(to).with_suffix(".csp"), f'"{policy}"\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
