"""Language models fine-tuned on text from CIFs, and numbers read out of them (paper, II.C and III.D)."""
