"What each kind of text-to-image model is made of; a file each, found by their folder."
