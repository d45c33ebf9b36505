// SPDX-License-Identifier: MIT

using k8s;
using k8s.Models;

namespace Kvmsys.Tests.NoDevice.Deploy;

/// <summary>
/// deploy/kubernetes.yaml is held against Kubernetes' own description of what can be in it, as its client for .NET has it, and against what it promises.
/// </summary>
public sealed class KubernetesTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Checkout.Root, "deploy/kubernetes.yaml"));
    private static readonly IReadOnlyList<object> Objects = [.. KubernetesYaml.LoadAllFromString(Text, strict: true)];

    private static V1DaemonSet Agent => Objects.OfType<V1DaemonSet>().Single();

    private static V1Deployment Controller => Objects.OfType<V1Deployment>().Single();

    private static IReadOnlyList<V1PodTemplateSpec> Pods => [Agent.Spec.Template, Controller.Spec.Template];

    [Fact]
    public void All_of_it_is_what_Kubernetes_knows() => Assert.Equal(
        ["V1Namespace", "V1ConfigMap", "V1DaemonSet", "V1PersistentVolumeClaim", "V1Deployment", "V1Service", "V1NetworkPolicy", "V1NetworkPolicy", "V1NetworkPolicy"],
        Objects.Select(one => one.GetType().Name));

    [Theory]
    [InlineData("runAsNonRoot", "runAsNonroot")]
    [InlineData("emptyDir:", "emptyDirectory:")]
    [InlineData("replicas: 1", "replicas: one")]
    [InlineData("matchLabels:", "matchLabel:")]
    public void A_field_that_is_wrong_is_found(string right, string wrong)
    {
        Assert.Contains(right, Text, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => KubernetesYaml.LoadAllFromString(Text.Replace(right, wrong, StringComparison.Ordinal), strict: true));
    }

    [Fact]
    public void Every_pod_passes_the_restricted_standard()
    {
        Assert.Equal("restricted", Objects.OfType<V1Namespace>().Single().Metadata.Labels["pod-security.kubernetes.io/enforce"]);
        foreach (V1PodSpec pod in Pods.Select(pod => pod.Spec))
        {
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.True(pod.SecurityContext.RunAsUser > 0);
            Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
            Assert.False(pod.AutomountServiceAccountToken);
            Assert.Equal((null, null, null), (pod.HostNetwork, pod.HostPID, pod.HostIPC));
            Assert.DoesNotContain(pod.Volumes, volume => volume.HostPath is not null);
            V1SecurityContext container = Assert.Single(pod.Containers).SecurityContext;
            Assert.False(container.AllowPrivilegeEscalation);
            Assert.True(container.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.Capabilities.Drop);
            Assert.Null(container.Capabilities.Add);
            Assert.Null(container.Privileged);
        }
    }

    [Fact]
    public void An_agent_has_KVM_and_whole_CPUs_and_is_called_as_its_node_is()
    {
        V1Container agent = Agent.Spec.Template.Spec.Containers[0];
        Assert.Equal("1", agent.Resources.Limits["devices.kubevirt.io/kvm"].ToString());
        Assert.Equal(agent.Resources.Requests.ToDictionary(), agent.Resources.Limits.ToDictionary());
        Assert.Equal("spec.nodeName", Assert.Single(agent.Env).ValueFrom.FieldRef.FieldPath);
        Assert.Contains("--host=$(NODE_NAME)", agent.Args);
        Assert.Equal("$(NODE_NAME)", agent.VolumeMounts.Single(mount => mount.Name == "keys").SubPathExpr);
    }

    [Fact]
    public void There_is_one_controller_at_a_time_and_what_it_knows_is_on_a_volume()
    {
        Assert.Equal((1, "Recreate"), (Controller.Spec.Replicas, Controller.Spec.Strategy.Type));
        string claim = Controller.Spec.Template.Spec.Volumes.Single(volume => volume.Name == "state").PersistentVolumeClaim.ClaimName;
        Assert.Equal(Objects.OfType<V1PersistentVolumeClaim>().Single().Metadata.Name, claim);
        Assert.All(["--state=/var/lib/kvmsys", "--listen=https://0.0.0.0:8586"], option => Assert.Contains(option, Controller.Spec.Template.Spec.Containers[0].Args));
    }

    [Fact]
    public void Every_reference_leads_somewhere()
    {
        foreach (V1PodTemplateSpec pod in Pods)
        {
            V1Container container = pod.Spec.Containers[0];
            Assert.Equal(pod.Spec.Volumes.Select(volume => volume.Name).Order(), container.VolumeMounts.Select(mount => mount.Name).Order());
            string[] files = [.. container.Args.Where(option => option.Contains("=/", StringComparison.Ordinal)).Select(option => option[(option.IndexOf('=', StringComparison.Ordinal) + 1)..])];
            Assert.NotEmpty(files);
            Assert.All(files, file => Assert.Contains(container.VolumeMounts, mount => file.StartsWith(mount.MountPath, StringComparison.Ordinal)));
        }

        Assert.Equal(Pods[0].Spec.Containers[0].Image, Pods[1].Spec.Containers[0].Image);
        Assert.Equal(Agent.Spec.Selector.MatchLabels, Agent.Spec.Template.Metadata.Labels);
        Assert.Equal(Controller.Spec.Selector.MatchLabels, Controller.Spec.Template.Metadata.Labels);
        V1Service service = Objects.OfType<V1Service>().Single();
        Assert.Equal(Controller.Spec.Template.Metadata.Labels, service.Spec.Selector);
        Assert.Equal(Controller.Spec.Template.Spec.Containers[0].Ports[0].Name, service.Spec.Ports[0].TargetPort.Value);
        Assert.All(Objects.OfType<IKubernetesObject<V1ObjectMeta>>().Where(one => one is not V1Namespace), one => Assert.Equal("kvmsys", one.Metadata.NamespaceProperty));
    }

    [Fact]
    public void Nothing_reaches_an_agent_and_all_that_reach_the_broker_are_the_farm()
    {
        V1NetworkPolicy[] policies = [.. Objects.OfType<V1NetworkPolicy>()];
        V1NetworkPolicy deny = policies.Single(policy => policy.Spec.PodSelector.MatchLabels is null);
        Assert.Equal((2, null, null), (deny.Spec.PolicyTypes.Count, deny.Spec.Ingress, deny.Spec.Egress));
        V1NetworkPolicy[] ingress = [.. policies.Where(policy => policy.Spec.Ingress is not null)];
        Assert.Equal(Controller.Spec.Template.Metadata.Labels, Assert.Single(ingress).Spec.PodSelector.MatchLabels);
        V1NetworkPolicy egress = Assert.Single(policies, policy => policy.Spec.Egress is not null);
        Assert.All(Pods, pod => Assert.All(egress.Spec.PodSelector.MatchLabels, label => Assert.Contains(label, pod.Metadata.Labels)));
        Assert.Equal(["4222", "53", "53"], egress.Spec.Egress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value));
    }
}
