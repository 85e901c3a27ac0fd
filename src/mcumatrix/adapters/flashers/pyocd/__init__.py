"""Flash through pyOCD: a target, a flash algorithm and probes that pyOCD does not have itself."""
