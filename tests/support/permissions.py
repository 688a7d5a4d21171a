"""Folders of a test for another user, whom permissions stop; root is not stopped by them."""

import os


def open_to_others(folder):
    """Let everybody look into it, and pass through the folders of ours that it lies in."""
    for each in (folder, *list(folder.parents)[:-2]):
        if each.stat().st_uid == os.getuid() and not each.stat().st_mode & 1:
            each.chmod(each.stat().st_mode | 0o055)
