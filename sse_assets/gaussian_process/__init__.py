"""A Gaussian process from composition, chemistry and cell to conductivity, with intervals and evidence."""
