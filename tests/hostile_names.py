"""Names, notes and messages that would be carried out as HTML, Markdown or a formula where they are not text."""

import json
from pathlib import Path

HOSTILE = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) **b** $x$ :red[y] <i>"
"""It can be a file name too."""

LINKS = "http://evil.example/a www.evil.example eve@evil.example :material/home: <a href='https://evil.example'>l</a>"


def rename(dataset: Path) -> None:
    """Make every text that a user gives in a dataset's description hostile."""
    file = dataset / "dataset.json"
    description = json.loads(file.read_text())
    renamed = {source["name"]: f"{HOSTILE} {place}" for place, source in enumerate(description["sources"])}
    for source in description["sources"]:
        source |= dict.fromkeys(("title", "author", "licence", "url", "origin", "group"), f"{HOSTILE} {LINKS}")
        source["name"] = renamed[source["name"]]
    description |= {"name": f"{HOSTILE} {LINKS}", "labels": HOSTILE}
    description["encoder"] |= {"name": HOSTILE, "version": HOSTILE}
    description["split"] |= {"val": [renamed[name] for name in description["split"]["val"]], "note": HOSTILE}
    file.write_text(json.dumps(description))
