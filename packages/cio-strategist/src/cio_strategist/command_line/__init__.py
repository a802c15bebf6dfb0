"""The commands of `cio-policy`: they read words, ask the domain, and print."""
