import type { ErrorCode } from './codes.js';
import type { Explanation } from './explanation.js';

/** Failures around etcd's members and around nodes that leave. */
export const MEMBERSHIP_EXPLANATIONS = {
  ETCD_UNREACHABLE: {
    meaning:
      'No member of etcd could be asked, or those that run are too few to decide anything: more than half of all members have to be up.',
    causes: [
      'Hosts of control planes are down',
      'etcd still starts, or crashes at its start',
      'Port 2379 of the control planes cannot be reached',
      'The list of members names hosts that are long gone',
    ],
    actions: [
      'See who is up: kbs status -f cluster.yaml',
      'On a control plane: crictl ps -a --name etcd; crictl logs $(crictl ps -aq --name etcd | head -1)',
      'Bring back control planes until more than half of the members run',
    ],
  },
  ETCD_REFUSED: {
    meaning: 'etcd answered and refused; its own words are in the error.',
    causes: [
      '"unhealthy cluster": a member does not run, or has run for less than five seconds',
      '"too many learner members": another control plane is joining at this moment',
      '"not enough started members": a member was added and has never been started',
    ],
    actions: [
      'See all members and which are healthy: kbs status -f cluster.yaml',
      'Take a member that is gone for good out: kbs node remove NAME --dead -f cluster.yaml',
      'Run the same command again: it goes on where it was',
    ],
  },
  ETCD_QUORUM: {
    meaning:
      'etcd decides by majority: more than half of its members must run, or the cluster can be neither changed nor read. What was asked for would leave too few, or a number of members that tolerates no more failures than one member fewer. Nothing was changed.',
    causes: [
      'Another member is down already, or has never been started',
      'It is the last member: without it there is no cluster',
      'An even number of members would be left: two tolerate no failure, as one does; four tolerate one, as three do',
      'The list of members names one that is long gone (a stale member)',
    ],
    actions: [
      'See all members and which are healthy: kbs status -f cluster.yaml',
      'Heal the member that is down, or take that one out first: kbs node remove NAME --dead',
      'To exchange a control plane use kbs node replace OLD NEW: it ends with as many members as before',
      'kbs node remove NAME --force leaves an even number of members, never too few',
    ],
  },
  RUNTIME_CHANGE_STOPPED: {
    meaning:
      'Nodes were to get another container runtime, one host after the other. The host that is named did not come to work with it, and the run ended there: hosts after it have their former runtime and carry the pods.',
    causes: [
      'The new runtime does not start: its unit, its packages, its configuration',
      'The former runtime could not be removed: packages of others need it, something is still mounted',
      'The kubelet, static pods or DaemonSets of the node do not come up with it, or its pods reach nobody',
    ],
    actions: [
      'Read the details: they are the last words of kubelet and runtime, or the edges that are broken',
      'Look at the host: systemctl status kubelet; crictl ps -a',
      'Run kbs apply again when the cause is gone: it goes on with this host, from wherever it stopped',
      'To go back, set containerRuntime of the host to what it had, then kbs apply',
    ],
  },
  DRAIN_BLOCKED: {
    meaning:
      'A node was to be emptied, and some of its pods did not leave in the time they had. The node stays cordoned: no new pods come to it.',
    causes: [
      'A PodDisruptionBudget allows no disruption, because too few of its pods are healthy elsewhere',
      'No other node takes the pods: taints, affinity, not enough memory or processors',
      'A pod without a controller: nothing would make it again',
      'A pod that takes longer to end than the time limit',
    ],
    actions: [
      'Look at the budgets: kubectl get poddisruptionbudgets -A',
      'Look at pods that wait for a place: kubectl get pods -A --field-selector status.phase=Pending',
      'Give it more time: --drain-timeout 15m',
      'Delete what is left over in spite of its budget: --force',
      'Let pods come to the node again: kbs node uncordon NAME',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>;
