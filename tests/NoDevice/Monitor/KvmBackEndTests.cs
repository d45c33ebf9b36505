// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class KvmBackEndTests : IDisposable
{
    private readonly string _modules = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    public void Dispose() => Directory.Delete(_modules, recursive: true);

    [Theory]
    [InlineData("kvm_intel", true)]
    [InlineData("kvm_amd", true)]
    [InlineData("kvm_pvm", false)]
    public void The_module_is_the_one_that_is_loaded(string module, bool usesHardware)
    {
        Directory.CreateDirectory(Path.Combine(_modules, "kvm"));
        Directory.CreateDirectory(Path.Combine(_modules, module));
        KvmBackEnd backEnd = KvmBackEnd.Read(_modules);
        Assert.Equal((module, usesHardware), (backEnd.Module, backEnd.UsesHardware));
    }

    [Fact]
    public void Without_a_known_module_there_is_none_and_no_hardware()
    {
        KvmBackEnd backEnd = KvmBackEnd.Read(_modules);
        Assert.Null(backEnd.Module);
        Assert.False(backEnd.UsesHardware);
        Assert.Empty(backEnd.Parameters);
    }

    [Fact]
    public void Parameters_of_both_modules_are_read_and_trimmed()
    {
        Write("kvm", "halt_poll_ns", "200000\n");
        Write("kvm_amd", "npt", "Y\n");
        KvmBackEnd backEnd = KvmBackEnd.Read(_modules);
        Assert.Equal("200000", backEnd.Parameters["kvm.halt_poll_ns"]);
        Assert.Equal("Y", backEnd.Parameters["kvm_amd.npt"]);
    }

    private void Write(string module, string parameter, string value)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_modules, module, "parameters")).FullName;
        File.WriteAllText(Path.Combine(folder, parameter), value);
    }
}
