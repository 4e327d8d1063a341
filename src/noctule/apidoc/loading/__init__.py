"""From a path, an address or standard input to plain data, within bounds."""
