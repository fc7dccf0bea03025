"""How texts are written: the comments of languages, and the syntax of Terraform. Pure."""
