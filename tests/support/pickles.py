"A file that would run code when opened."


class Trap:
    "A pickle that creates a file when opened."

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))
