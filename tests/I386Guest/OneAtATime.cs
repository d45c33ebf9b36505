// SPDX-License-Identifier: MIT

using Xunit.Sdk;
using Xunit.v3;

// Tests count this process's files, threads and allocations, and a spinning guest takes a whole CPU.
[assembly: Parallelization(Mode = ParallelMode.None)]
