"""What a report says: frozen data made from records, the same however it is shown."""
