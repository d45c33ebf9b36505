// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Api;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>How often a client may ask.</summary>
public sealed class RequestRateTests
{
    [Fact]
    public async Task Who_has_asked_too_often_may_ask_again_after_a_while_and_others_meanwhile()
    {
        RequestRate rate = new(perSecond: 1);
        UseUp(rate, "a");
        Assert.True(rate.Allows("b"));
        while (!rate.Allows("a"))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Many_clients_are_all_heard()
    {
        RequestRate rate = new(perSecond: 1);
        Assert.All(Enumerable.Range(0, 5000), client => Assert.True(rate.Allows($"{client}")));
    }

    private static void UseUp(RequestRate rate, string client)
    {
        int asked = 0;
        while (rate.Allows(client))
        {
            Assert.True(asked++ < 1000, "It may ask for ever.");
        }
    }
}
