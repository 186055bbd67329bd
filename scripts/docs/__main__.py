"""Writes the pages that follow from the sources, and says which have changed and which words are missing."""

import sys

from scripts.docs import ROOT, pages
from scripts.docs.messages import ADVICE, unexplained, unsaid

for path, text in pages().items():
    file = ROOT / path
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
        print(f"Written: {path}")
mistakes = [f"Say what is to be done about: {sentence}" for sentence in unexplained()]
mistakes += [f"Nothing says this any more: {message}" for message in unsaid()]
if mistakes:
    sys.exit("\n".join([f"{ADVICE.relative_to(ROOT)}:", *mistakes]))
