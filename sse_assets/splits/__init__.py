"""Choice of the rows that train and that test, under four protocols from flattering to honest."""
