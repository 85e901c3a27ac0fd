"""Archives from elsewhere: pinned, fetched, verified, unpacked, and kept by their contents.

`obtain` does all of it. No pin, no download; nothing unverified ever has its final name.
"""
