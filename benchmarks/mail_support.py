"""Which properties of our mails do mail programs not know? By the data of caniemail.com.

    python -m benchmarks.mail_support [--all]

Builds the mail of each kind of survey in English, Japanese and Arabic, with a logo, and has the
npm package `caniemail` (fetched for the run; needs npm) look for what a program does not support.
Prints each feature with the programs that lack it, wholly or in part. `--all`: of every program
that the data knows, not only of those that business people read mail with. See
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image

from config import Settings
from surveys.definitions import from_json
from surveys.own_mail import OwnMail
from vocapp import create_app
from vocapp.authoring.links import InvitationLink
from vocapp.distributing.logos import Logo
from vocapp.distributing.mail import Letter, build

PACKAGE = "caniemail@2.0.2"
READ_WITH = ("apple-mail", "gmail", "outlook", "yahoo", "samsung-email", "thunderbird")
# One program after another: of some the data lacks a feature, at which the package gives up.
_SCRIPT = """
import { caniemail, rawData } from 'caniemail';
import { readFileSync } from 'node:fs';
const { wanted, files } = JSON.parse(readFileSync(0, 'utf8'));
const known = new Set();
for (const { stats } of rawData.data)
  for (const [family, platforms] of Object.entries(stats))
    for (const platform of Object.keys(platforms)) known.add(`${family}.${platform}`);
const clients = [...known].filter((each) => !wanted.length || wanted.includes(each.split('.')[0]));
const told = { clients: [], unknown: {}, errors: {}, warnings: {} };
for (const client of clients.sort()) {
  try {
    for (const file of files) {
      const { issues } = caniemail({ clients: [client], html: readFileSync(file, 'utf8') });
      for (const kind of ['errors', 'warnings'])
        for (const { title } of issues[kind].get(client) ?? [])
          ((told[kind][title] ??= {})[client] = true);
    }
    told.clients.push(client);
  } catch (error) {
    told.unknown[client] = String(error.message);
  }
}
process.stdout.write(JSON.stringify(told));
"""


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--all", action="store_true")
    wanted = [] if arguments.parse_args().all else list(READ_WITH)
    with tempfile.TemporaryDirectory() as folder:
        told = _looked_up(Path(folder), wanted)
    print(f"looked at: {', '.join(told['clients'])}")
    for client, why in told["unknown"].items():
        print(f"not to be told: {client}: {why}")
    for kind, words in (("errors", "not supported"), ("warnings", "supported in part")):
        print(f"{words}:" if told[kind] else f"{words}: nothing")
        for title, clients in sorted(told[kind].items()):
            print(f"  {title:<40} {', '.join(clients)}")


def _looked_up(folder: Path, wanted: list[str]) -> dict[str, Any]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SystemExit("npm and node are needed.")
    subprocess.run([npm, "install", "--silent", "--no-save", PACKAGE], cwd=folder, check=True)
    files = []
    for number, html in enumerate(_mails()):
        path = folder / f"{number}.html"
        path.write_text(html, encoding="utf-8")
        files.append(str(path))
    (folder / "look.mjs").write_text(_SCRIPT, encoding="utf-8")
    asked = json.dumps({"wanted": wanted, "files": files})
    told = subprocess.run(
        [node, "look.mjs"], cwd=folder, check=True, input=asked, stdout=subprocess.PIPE, text=True
    )
    print(f"{len(files)} mails, {PACKAGE}")
    return dict(json.loads(told.stdout))


def _mails() -> list[str]:
    drawn = BytesIO()
    Image.new("RGB", (480, 160), "#0b6e6e").save(drawn, "PNG")
    logo = Logo(drawn.getvalue(), 240, 80)
    nobody = UUID(int=0)
    mails = []
    with create_app(Settings(env="test")).app_context():
        for kind, language in product(("nps", "csat", "ces"), ("en", "ja", "ar")):
            letter = Letter(
                workspace_id=nobody, workspace="Acme", language=language, name="森 愛子",
                definition=from_json({"kind": kind, "languages": [language]}),
                address="mori@example.com", own=OwnMail(), logo=logo,
                link=InvitationLink(nobody, nobody, nobody, nobody),
            )  # fmt: skip
            part = build(letter, now=datetime.now(UTC)).get_body(("html",))
            assert part is not None
            mails.append(part.get_content())
    return mails


if __name__ == "__main__":
    main()
