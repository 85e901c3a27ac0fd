"""What flatc 2.0.8 has made of firmware/application/inference-server/schema; see docs/client.md."""
