"""From a request's parameters to a durable event: admit → identify → write.

``admission`` makes an ``Event`` of parameters or says all that is wrong with them; ``writer`` gathers what is in flight
into groups; ``commit`` stores a group, with ``identity`` saying whom each event belongs to, and ``aftermath`` keeping
visitors, subscribers and the catalog in step before anything is acknowledged.
"""
