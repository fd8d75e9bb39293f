/** berth.yml for QEMU as it is. */
export const qemu = `
prefix: QEMU_CI
repository: qemu/{name}
parents: qemu/{name}
images: [tests/docker/dockerfiles/*.docker]
exclude: [debian-bootstrap, debian-toolchain]
`;
