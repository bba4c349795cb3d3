using System.Text;

namespace OciRun.Tests.Spec;

/// <summary>A config.json with every property that runtime-spec 1.3.0 defines for Linux, each with a value of its own.</summary>
internal static class MaximalConfig
{
    public const string Text = """
        {
          "ociVersion": "1.3.0-rc.1",
          "process": {
            "terminal": true,
            "consoleSize": { "height": 65535, "width": 80 },
            "user": { "uid": 4294967294, "gid": 1001, "umask": 18, "additionalGids": [5, 4294967294], "username": "ignored" },
            "args": ["/bin/sh", "-c", "", "é\ud83d\ude00\n"],
            "commandLine": "ignored",
            "env": ["PATH=/bin", "A=\"b\""],
            "cwd": "/work",
            "capabilities": {
              "bounding": ["CAP_CHOWN", "CAP_KILL"],
              "effective": ["CAP_CHOWN"],
              "inheritable": [],
              "permitted": ["CAP_KILL"],
              "ambient": ["CAP_BPF"]
            },
            "rlimits": [
              { "type": "RLIMIT_NOFILE", "soft": 1024, "hard": 4096 },
              { "type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615 }
            ],
            "noNewPrivileges": true,
            "apparmorProfile": "docker-default",
            "oomScoreAdj": -1000,
            "scheduler": {
              "policy": "SCHED_DEADLINE", "nice": -20, "priority": 99, "flags": ["SCHED_FLAG_RECLAIM"],
              "runtime": 1, "deadline": 2, "period": 18446744073709551615
            },
            "selinuxLabel": "system_u:system_r:svirt_lxc_net_t:s0:c124,c675",
            "ioPriority": { "class": "IOPRIO_CLASS_BE", "priority": 7 },
            "execCPUAffinity": { "initial": "0-3", "final": "7" }
          },
          "root": { "path": "rootfs", "readonly": true },
          "hostname": "box",
          "domainname": "example.org",
          "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            {
              "destination": "/data", "type": "none", "source": "/srv", "options": ["rbind", "ro"],
              "uidMappings": [{ "containerID": 0, "hostID": 1000, "size": 4294967295 }],
              "gidMappings": [{ "containerID": 1, "hostID": 4294967294, "size": 3 }]
            }
          ],
          "hooks": {
            "prestart": [{ "path": "/h/0", "args": ["prestart", "a"], "env": ["N=0"], "timeout": 1 }],
            "createRuntime": [{ "path": "/h/1", "args": ["createRuntime", "a"], "env": ["N=1"], "timeout": 2 }],
            "createContainer": [{ "path": "/h/2", "args": ["createContainer", "a"], "env": ["N=2"], "timeout": 3 }],
            "startContainer": [{ "path": "/h/3", "args": ["startContainer", "a"], "env": ["N=3"], "timeout": 4 }],
            "poststart": [{ "path": "/h/4", "args": ["poststart", "a"], "env": ["N=4"], "timeout": 5 }],
            "poststop": [{ "path": "/h/5", "args": ["poststop", "a"], "env": ["N=5"], "timeout": 6 }, { "path": "/h/6" }]
          },
          "annotations": { "org.example.a": "1", "empty": "" },
          "linux": {
            "uidMappings": [{ "containerID": 0, "hostID": 100000, "size": 65536 }],
            "gidMappings": [{ "containerID": 0, "hostID": 200000, "size": 65536 }],
            "timeOffsets": {
              "monotonic": { "secs": -9223372036854775808, "nanosecs": 1 },
              "boottime": { "secs": 86400, "nanosecs": 999999999 }
            },
            "sysctl": { "net.ipv4.ip_forward": "1", "kernel.msgmax": "65536" },
            "resources": {
              "devices": [
                { "allow": false },
                { "allow": true, "type": "c", "major": 10, "minor": -1, "access": "rwm" }
              ],
              "memory": {
                "limit": 9223372036854775807, "reservation": 2, "swap": -1, "kernel": 4, "kernelTCP": 5, "swappiness": 60,
                "disableOOMKiller": true, "useHierarchy": false, "checkBeforeUpdate": true
              },
              "cpu": {
                "shares": 1024, "quota": -1, "burst": 3, "period": 100000, "realtimeRuntime": 5, "realtimePeriod": 6,
                "cpus": "0-1", "mems": "0", "idle": 1
              },
              "pids": { "limit": -1 },
              "blockIO": {
                "weight": 10, "leafWeight": 1000,
                "weightDevice": [{ "major": 8, "minor": 0, "weight": 500, "leafWeight": 300 }],
                "throttleReadBpsDevice": [{ "major": 8, "minor": 1, "rate": 600 }],
                "throttleWriteBpsDevice": [{ "major": 8, "minor": 2, "rate": 700 }],
                "throttleReadIOPSDevice": [{ "major": 8, "minor": 3, "rate": 800 }],
                "throttleWriteIOPSDevice": [{ "major": 8, "minor": 4, "rate": 18446744073709551615 }]
              },
              "hugepageLimits": [{ "pageSize": "2MB", "limit": 9223372036854771712 }],
              "network": { "classID": 1048577, "priorities": [{ "name": "eth0", "priority": 500 }] },
              "rdma": { "mlx5_1": { "hcaHandles": 3, "hcaObjects": 10000 }, "mlx4_0": { "hcaObjects": 1000 } },
              "unified": { "memory.high": "1G", "io.max": "8:0 rbps=1\n8:1 rbps=2" }
            },
            "cgroupsPath": "/a/b",
            "namespaces": [{ "type": "pid" }, { "type": "network", "path": "/run/netns/x" }],
            "devices": [
              { "type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438, "uid": 1, "gid": 2 },
              { "type": "p", "path": "/dev/pipe" }
            ],
            "netDevices": { "eth1": { "name": "net0" }, "eth2": {} },
            "seccomp": {
              "defaultAction": "SCMP_ACT_ERRNO",
              "defaultErrnoRet": 38,
              "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
              "flags": [],
              "listenerPath": "/run/agent.sock",
              "listenerMetadata": "m",
              "syscalls": [
                { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
                {
                  "names": ["clone"], "action": "SCMP_ACT_TRACE", "errnoRet": 1,
                  "args": [{ "index": 5, "value": 18446744073709551615, "valueTwo": 9223372036854775808, "op": "SCMP_CMP_MASKED_EQ" }]
                }
              ]
            },
            "rootfsPropagation": "slave",
            "maskedPaths": ["/proc/kcore"],
            "readonlyPaths": ["/proc/sys", "/proc/bus"],
            "mountLabel": "system_u:object_r:svirt_sandbox_file_t:s0",
            "intelRdt": {
              "closID": "guaranteed", "schemata": ["L3:0=7f", "MB:0=20"], "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=70",
              "enableMonitoring": true
            },
            "memoryPolicy": { "mode": "MPOL_BIND", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"] },
            "personality": { "domain": "LINUX32", "flags": ["NONE"] }
          },
          "windows": { "layerFolders": ["C:\\l"], "deep": [[{ "a": [1, 2, { "b": null }] }]] },
          "solaris": { "milestone": "m" },
          "vm": { "kernel": { "path": "/x" } },
          "zos": {},
          "freebsd": { "devices": [] }
        }
        """;

    public static byte[] Bytes => Encoding.UTF8.GetBytes(Text);
}
