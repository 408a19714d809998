"""HTTP: reading a request, writing an answer, CORS, health, metrics, static files. tornado lives here."""
