"""What speaks to the world: one adapter per file, each of them implementing a protocol of `ports`."""
