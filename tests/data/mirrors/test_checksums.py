"Published files are those that are there, or the one that differs is named."

import hashlib

import pytest

from spurious_core.data.mirrors.checksums import read_checksums, verify_checksums


def listed(folder, **contents):
    "Files with these contents, and their list."
    lines = []
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return folder


def test_what_differs_is_named_with_both_sums(tmp_path):
    listed(tmp_path, one=b"1", two=b"2")
    assert verify_checksums(tmp_path, "Faces") == ["one", "two"]
    (tmp_path / "two").write_bytes(b"3")
    expected, found = (hashlib.sha256(content).hexdigest() for content in (b"2", b"3"))
    message = rf"Faces: 1 files differ from SHA256SUMS: two \(expected {expected}, found {found}\)"
    with pytest.raises(ValueError, match=message):
        verify_checksums(tmp_path, "Faces")


def test_a_list_in_another_encoding_is_named_and_may_begin_with_a_mark(tmp_path):
    listed(tmp_path, one=b"1")
    content = (tmp_path / "SHA256SUMS").read_bytes()
    (tmp_path / "SHA256SUMS").write_bytes(b"\xef\xbb\xbf" + content)
    assert verify_checksums(tmp_path, "Faces") == ["one"]
    (tmp_path / "SHA256SUMS").write_bytes(content + b"\xff")
    with pytest.raises(ValueError, match="Faces: .*SHA256SUMS is no UTF-8"):
        verify_checksums(tmp_path, "Faces")


def test_an_archive_that_is_gone_is_no_fault_and_nothing_at_all_is_said(tmp_path):
    listed(tmp_path, one=b"1", two=b"2")
    (tmp_path / "two").unlink()
    assert verify_checksums(tmp_path, "Faces") == ["one"]
    (tmp_path / "one").unlink()
    with pytest.warns(
        UserWarning, match="none of the 2 files in SHA256SUMS is there, so nothing was verified"
    ):
        assert verify_checksums(tmp_path, "Faces") == []
    (tmp_path / "SHA256SUMS").unlink()
    assert verify_checksums(tmp_path, "Faces") == []


@pytest.mark.parametrize(
    "line, message",
    [
        (
            "0123  a.csv",
            "line 2 of .*: expected 64 hexadecimal digits, two spaces and a name; found '0123  a",
        ),
        (f"{'0' * 64} a.csv", "line 2 of .*: expected 64 hexadecimal"),
        (f"{'0' * 64}  ../a.csv", "line 2 of .*: ../a.csv lies outside of its folder"),
        (f"{'0' * 64}  /etc/passwd", "line 2 of .*: /etc/passwd lies outside"),
    ],
)
def test_lines_that_are_none(tmp_path, line, message):
    (tmp_path / "SHA256SUMS").write_text(f"{'F' * 64} *good.csv\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_checksums(tmp_path / "SHA256SUMS", "Faces")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_list_verifies_nothing_and_is_refused(tmp_path, text):
    (tmp_path / "SHA256SUMS").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="Faces: .*SHA256SUMS lists no file, so nothing can be verified"):
        verify_checksums(tmp_path, "Faces")


def test_a_file_that_is_listed_twice_has_one_sum(tmp_path):
    lines = f"{'F' * 64}  a.csv\n{'f' * 64}  ./a.csv\n"
    (tmp_path / "SHA256SUMS").write_text(lines, encoding="utf-8")
    assert read_checksums(tmp_path / "SHA256SUMS", "x") == {"a.csv": "f" * 64}
    (tmp_path / "SHA256SUMS").write_text(lines + f"{'0' * 64}  a.csv\n", encoding="utf-8")
    with pytest.raises(ValueError, match="x: line 3 of .*SHA256SUMS: a.csv had another sum in a line before"):
        read_checksums(tmp_path / "SHA256SUMS", "x")


def test_both_forms_of_sha256sum_are_read(tmp_path):
    (tmp_path / "SHA256SUMS").write_text(f"{'F' * 64} *a b.csv\n\n{'0' * 64}  d/c.csv\n", encoding="utf-8")
    assert read_checksums(tmp_path / "SHA256SUMS", "x") == {"a b.csv": "f" * 64, "d/c.csv": "0" * 64}
