/**
 * Whether every round of the long tests is run (`KBS_TEST_THOROUGH=1`): each control plane lost in turn and not the first alone, each pod
 * network with Docker Engine too, kbs killed twenty times and not twice. Without it every kind of thing is still done once.
 */
export const IS_THOROUGH = process.env['KBS_TEST_THOROUGH'] === '1';
