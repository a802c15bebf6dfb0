"""The commands of the command lines, `cio-policy` and the others: they read words, ask the domain, and print."""
