// SPDX-License-Identifier: MIT

using Xunit.Sdk;
using Xunit.v3;

// A lab takes a whole CPU, and these tests look for what it leaves behind.
[assembly: Parallelization(Mode = ParallelMode.None)]
