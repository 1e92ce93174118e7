import { z } from 'zod';
import { RUNTIME_CLASS_NAMES } from '../constants/index.js';

/** Which of them nodes have. */
export const runtimeClasses = z.array(z.enum(RUNTIME_CLASS_NAMES)).superRefine((list, context) => {
  if (new Set(list).size < list.length) context.addIssue({ code: 'custom', message: 'has a class twice' });
});

/** Settings of gVisor. */
export const gvisor = z.strictObject({
  platform: z
    .enum(['systrap', 'ptrace', 'kvm'])
    .optional()
    .describe('How it catches system calls; kvm needs /dev/kvm; default: that of its release'),
  network: z
    .enum(['sandbox', 'host'])
    .default('sandbox')
    .describe(
      'sandbox: a network stack of its own; host: the kernel’s in the pod’s network namespace, for hosts where the other cannot be had',
    ),
});
