"""TensorFlow Lite Micro, from trees as they were released and from one's own."""
