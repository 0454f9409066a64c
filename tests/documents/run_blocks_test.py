#!/usr/bin/env python3
"""The checker of documents finds what it is there to find."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

import run_blocks


class RunBlocks(unittest.TestCase):
    def verdict(self, document, *marks):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("examples", "apps", "build"):
                (Path(folder) / name).mkdir()
            path = Path(folder) / "document.md"
            path.write_text(document)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                status = run_blocks.main(folder, Path(folder) / "build", str(path), *marks)
            return status, printed.getvalue()

    def test_what_works_passes(self):
        status, printed = self.verdict(
            "```sh\nx=3\n```\n\n```sh\necho one; echo $x\n```\n\n```text\none\n3\n```\n")
        self.assertEqual(status, 0, printed)
        self.assertIn("2 of 2 shell blocks ran, 1 outputs compared, 0 problems", printed)

    def test_a_failing_command_is_found(self):
        status, printed = self.verdict("```sh\nfalse\necho later\n```\n")
        self.assertEqual(status, 1)
        self.assertIn(":1: the block ended with 1", printed)

    def test_a_status_that_is_told_must_come(self):
        self.assertEqual(self.verdict("```sh exit=3\n(exit 3)\n```\n")[0], 0)
        self.assertEqual(self.verdict("```sh exit=3\ntrue\n```\n")[0], 1)

    def test_other_output_is_found(self):
        status, printed = self.verdict("```sh\necho two\n```\n```text\none\n```\n")
        self.assertEqual(status, 1)
        self.assertIn("not printed here:\none", printed)

    def test_lines_stand_together_but_for_dots(self):
        shell = "```sh\nprintf 'a\\nb\\nc\\n'\n```\n"
        self.assertEqual(self.verdict(shell + "```text\na\nc\n```\n")[0], 1)
        self.assertEqual(self.verdict(shell + "```text\na\n...\nc\n```\n")[0], 0)

    def test_times_and_hashes_may_differ(self):
        self.assertEqual(
            self.verdict("```sh\necho 2026-01-02 03:04:05 0123456789ab\n```\n"
                         "```text\n2025-12-31 23:59:59 ba9876543210\n```\n")[0], 0)

    def test_only_what_is_between_the_marks_counts(self):
        document = "```sh\nfalse\n```\nBEGIN\n```sh\ntrue\n```\nEND\n"
        self.assertEqual(self.verdict(document, "BEGIN", "END")[0], 0)

    def test_a_document_without_a_block_is_refused(self):
        with self.assertRaises(SystemExit):
            self.verdict("nothing\n")


if __name__ == "__main__":
    sys.exit(unittest.main())
