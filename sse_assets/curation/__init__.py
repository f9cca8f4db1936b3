"""From what was reported to what can be learned from: joining, labelling, and saying why a row is refused."""
