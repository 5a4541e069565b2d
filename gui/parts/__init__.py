"""What pages are made of. Every part takes plain values; none reads anything by itself."""
