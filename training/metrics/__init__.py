"""What is measured row by row, so that no figure depends on the batch size.

Every interval and test is computed elsewhere from these per-row values. `asked` says what a row may
carry and which figure needs it; `told` puts the numbers of an answer together.
"""
