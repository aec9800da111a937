"HTML that an object makes of itself, read as a browser would, and what all such pages must be."

import base64
import io
import re
from html.parser import HTMLParser

from PIL import Image

VOID = {"img", "br", "hr", "input", "line", "rect"}


class Page(HTMLParser):
    "The tags and the text of a page; ValueError for tags that aren't closed as they were opened."

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text, self.stack = "", []
        self.feed(page)
        self.close()
        if self.stack:
            raise ValueError(f"never closed: {self.stack}")

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.stack or self.stack.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text += data

    @property
    def images(self) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == "img"]


def check_page(page: str, limit: int = 200_000) -> Page:
    "The page, when it parses, is small, says something of each picture and fixes no colours."
    read = Page(page)
    assert len(page) <= limit
    assert all(image.get("alt", "").strip() for image in read.images)
    for image in read.images:
        kind, data = image["src"].split(",", 1)
        assert kind == "data:image/png;base64"
        Image.open(io.BytesIO(base64.b64decode(data))).verify()
    styles = " ".join(attributes.get("style", "") or "" for _, attributes in read.tags)
    assert not re.search(r"(?<![-\w])(color|background)[^;]*#|rgb\(", styles)
    assert "script" not in {tag for tag, _ in read.tags}
    return read
