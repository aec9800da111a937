"One file each; they are found by their folder."
