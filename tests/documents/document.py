"""What the tests of documents share: a document's fenced blocks, and a shell that runs them."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Block:
    """A fenced block: its language, words after it (`exit=1`), its lines and where it begins."""
    language: str
    words: list
    line: int
    lines: list = field(default_factory=list)

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


def read_lines(path, marks=None):
    """The numbered lines of a document, or those between the two marks."""
    lines = list(enumerate(Path(path).read_text().split("\n"), start=1))
    if not marks:
        return lines
    begins = [at for at, (_, line) in enumerate(lines) if marks[0] in line]
    ends = [at for at, (_, line) in enumerate(lines) if marks[1] in line]
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise SystemExit(f"{path}: the marks {marks} aren't there once each, in this order")
    return lines[begins[0]:ends[0]]


def blocks_of(lines):
    found, block = [], None
    for number, line in lines:
        if line.startswith("```"):
            if block is None:
                language, *words = line[3:].split() or [""]
                block = Block(language, words, number)
            else:
                found.append(block)
                block = None
        elif block is not None:
            block.lines.append(line)
    return found


class Clone:
    """A folder that looks like a clone of doppel after ./dev build; the shell starts in it."""

    def __init__(self, source, build):
        self.folder = Path(tempfile.mkdtemp(prefix="doppel-document."))
        (self.folder / "build").mkdir()
        (self.folder / "build" / "release").symlink_to(Path(build).resolve())
        for name in ("examples", "apps"):
            (self.folder / name).symlink_to(Path(source).resolve() / name)
        (self.folder / "tmp").mkdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def run(self, script):
        """Runs a script of bash with nothing of the caller's settings; returns what it printed."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("DOPPEL_", "XDG_"))}
        kept.update(HOME=str(self.folder), TMPDIR=str(self.folder / "tmp"), TERM="dumb")
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=kept, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300, check=False)
        return done.stdout


MARK = "@@ block "


def run_blocks(clone, blocks):
    """Runs shell blocks one after another in one shell. Returns [(output, exit status)], one for
    each block that was come to: the first that ends otherwise than it says is the last."""
    script = "set -u\n"
    for number, block in enumerate(blocks):
        wanted = next((word[5:] for word in block.words if word.startswith("exit=")), "0")
        stop = "set -e" if wanted == "0" else "set +e"
        script += (f"printf '{MARK}{number}\\n'\n"
                   f"trap 's=$?; trap - EXIT; printf \"\\n{MARK}end %s\\n\" \"$s\"; exit' EXIT\n"
                   f"{stop}\n{block.text}"
                   f"s=$?; set +e\n"
                   f"[ $s = {wanted} ] || "
                   f"{{ trap - EXIT; printf '\\n{MARK}end %s\\n' $s; exit; }}\n"
                   f"printf '\\n{MARK}done %s\\n' $s\n")
    script += "trap - EXIT\n"
    output, found = clone.run(script), []
    for part in output.split(MARK)[1:]:
        head, _, rest = part.partition("\n")
        if head.split()[0] in ("done", "end"):
            # The newline before the mark is the script's own.
            found[-1] = (found[-1][0].removesuffix("\n"), head)
        else:
            found.append((rest, "end ?"))
    return found
