"""The operating system's keyring as the place of the vault's master key."""
