"""Landing: what a connector read is first kept in the operational record together with its checkpoint, then published to the warehouse.

One transaction holds a batch, its quarantined rows and the position behind it, so a process may die anywhere: the next run publishes
what was kept and goes on behind it. Nothing is lost, nothing is doubled. Reading sources is not done here, nor deciding what a row means.
"""

from cyberpunk_ai.data_fabric.landing.batches import Landing, Portion, StreamRecord
from cyberpunk_ai.data_fabric.landing.leases import Lease, lease

__all__ = ["Landing", "Lease", "Portion", "StreamRecord", "lease"]
