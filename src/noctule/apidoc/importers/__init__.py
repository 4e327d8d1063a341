"""What is not an API document but amounts to one: Postman collections and HAR captures."""
