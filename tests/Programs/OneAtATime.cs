// SPDX-License-Identifier: MIT

using Xunit.Sdk;
using Xunit.v3;

// The rows of a theory read what two batches brought; whoever comes first makes them.
[assembly: Parallelization(Mode = ParallelMode.None)]
