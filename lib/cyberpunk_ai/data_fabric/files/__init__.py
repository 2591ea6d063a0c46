"""How a file of rows is read: its encoding, delimiter, number and date formats, and its rows in blocks with exact byte offsets.

What a row means (which table, which column) is decided in `mapping` and `imports`, not here.
"""
