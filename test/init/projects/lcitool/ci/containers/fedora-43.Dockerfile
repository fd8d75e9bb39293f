FROM registry.fedoraproject.org/fedora:43
RUN make ready
