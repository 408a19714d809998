"""From a request's parameters to a durable event: admit → identify → write.

``admission`` makes an ``Event`` of parameters or says all that is wrong with them; ``writer`` gathers what is in flight
into groups; ``commit`` stores a group, with ``identity`` saying whom each event belongs to, and ``aftermath`` keeping
visitors and subscribers in step before anything is acknowledged. Around it, ``storing`` keeps a fault with the event
that brings it, ``spooling`` keeps what MongoDB does not take and stores it when that is back, and ``readiness`` says
whether an event would be acknowledged now. ``engine`` puts all that together.
"""
