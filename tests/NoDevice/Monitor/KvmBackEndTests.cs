// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class KvmBackEndTests : IDisposable
{
    private readonly string _modules = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    public void Dispose() => Directory.Delete(_modules, recursive: true);

    [Theory]
    [InlineData("kvm_intel", true, false, "kvm_intel", true)]
    [InlineData("kvm_amd", false, true, "kvm_amd", true)]
    [InlineData("kvm_pvm", false, false, "kvm_pvm", false)]
    [InlineData("kvm_pvm kvm_intel", true, false, "kvm_pvm", false)]
    [InlineData("kvm_intel kvm_amd", false, true, "kvm_amd", true)]
    [InlineData("kvm_intel kvm_amd", true, false, "kvm_intel", true)]
    [InlineData("kvm_intel", false, false, null, false)]
    public void The_module_is_one_that_is_loaded_and_that_this_CPU_can_work_with(
        string loaded, bool vmx, bool svm, string? module, bool usesHardware)
    {
        foreach (string name in loaded.Split(' ').Append("kvm"))
        {
            Directory.CreateDirectory(Path.Combine(_modules, name));
        }

        KvmBackEnd backEnd = Read(vmx, svm);
        Assert.Equal((module, usesHardware), (backEnd.Module, backEnd.UsesHardware));
    }

    [Fact]
    public void Without_a_known_module_there_is_none_and_no_hardware()
    {
        KvmBackEnd backEnd = Read(vmx: true, svm: true);
        Assert.Null(backEnd.Module);
        Assert.False(backEnd.UsesHardware);
        Assert.Empty(backEnd.Parameters);
    }

    [Fact]
    public void Parameters_of_both_modules_are_read_and_trimmed()
    {
        Write("kvm", "halt_poll_ns", "200000\n");
        Write("kvm_amd", "npt", "Y\n");
        KvmBackEnd backEnd = Read(vmx: true, svm: true);
        Assert.Equal("200000", backEnd.Parameters["kvm.halt_poll_ns"]);
        Assert.Equal("Y", backEnd.Parameters["kvm_amd.npt"]);
    }

    [Theory]
    [InlineData(Errno.ENOENT, "/dev/kvm", "modprobe kvm_intel or modprobe kvm_amd")]
    [InlineData(Errno.ENODEV, "/dev/kvm", "enable VT-x or SVM in the firmware")]
    [InlineData(Errno.EACCES, "/dev/kvm", "usermod -aG kvm")]
    [InlineData(Errno.ENOENT, "/dev/kmv", "leave --device out to use /dev/kvm")]
    [InlineData(Errno.ENXIO, "/run/socket", "leave --device out to use /dev/kvm")]
    [InlineData(Errno.EIO, "/dev/kvm", "dmesg | grep -i kvm")]
    public void A_device_that_cannot_be_used_has_its_own_cure(Errno errno, string device, string cure) =>
        Assert.Contains(cure, Checkup.DeviceCure(device, errno), StringComparison.Ordinal);

    private KvmBackEnd Read(bool vmx, bool svm) => KvmBackEnd.Read(new HostCpu("", "", 6, 60, 3, Hypervisor: null, vmx, svm), _modules);

    private void Write(string module, string parameter, string value)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_modules, module, "parameters")).FullName;
        File.WriteAllText(Path.Combine(folder, parameter), value);
    }
}
