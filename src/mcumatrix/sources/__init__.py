"""Code from elsewhere: pinned, fetched, verified, unpacked, and kept by its contents.

`obtain` does all of it for archives, `obtain_commit` for commits of git repositories. No pin, no download;
nothing unverified ever has its final name.
"""
