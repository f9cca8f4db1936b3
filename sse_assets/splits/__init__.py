"""Which rows train and which test, under four protocols from flattering to honest."""
