"""What happens right now, shown to those who watch, from all collectors to all.

Who watches a scope says so in MongoDB, again and again. A collector that has something to tell asks who watches, once a
second at most, and puts what it has for them into a collection that forgets by itself (``teller``); whoever shows it
reads that twice a second, and only while somebody watches (``feed``). A collector that receives nothing asks nothing,
and nothing of this is waited for by an answer to an event.
"""
